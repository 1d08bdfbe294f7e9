"""Tests of what takes uploads, without a gateway."""
