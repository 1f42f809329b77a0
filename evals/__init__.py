"""The room that grades: cases in, the agent run on them with its hands tied, figures and comparisons out.

    cases      what is asked and what a good answer must hold (`cases`, `casebook`, `growing`)
    running    the real graph on one case: every writing tool blocked, clock and sources pinned
    metrics    figures that need no model;  judge  those that a model gives, `grading_the_judge` whether to trust it
    comparing  which differences between two nights are more than chance
    results    nights kept, so that one that crashed goes on;  report  what people and machines are told

Nothing in it answers a person, and nothing that it runs changes the world.
"""
