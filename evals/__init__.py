"""The room that grades: cases, judges, metrics, reports. Nothing in it answers a person."""
