"""One offline HTML page about training runs: losses, learned weights, held-out measures."""
