"""Tests of addons/events."""
