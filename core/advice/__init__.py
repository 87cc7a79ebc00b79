"""Decide: pure functions from a probe and answers to ranked recommendations."""
