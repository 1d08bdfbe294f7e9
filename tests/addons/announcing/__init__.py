"""Tests of addons.announcing."""
