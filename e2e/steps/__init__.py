"""The steps that the stories, the demo and the benchmarks are made of."""
