"""What is measured on a GPU, on random weights of real shapes; each script runs small on a CPU."""
