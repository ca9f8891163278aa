"""What strategies cost when they are served: latency and memory traffic, beside FLOPs and money."""
