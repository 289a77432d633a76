"""Imported by the fork server alone: Great Expectations takes seconds, once for all workers."""

from expectations import submission_gate

submission_gate.warm_up()
