"""Rules that stop sampling early, replayed on stored pools: nothing is generated."""
