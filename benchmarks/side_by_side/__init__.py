"""Speed of this package beside what a user would pick instead."""
