"""What the assistant knows and from where: the sources that were added, syncing them, and how far that is."""
