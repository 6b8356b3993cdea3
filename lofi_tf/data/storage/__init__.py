"""Records, example shards and the datasets made of them."""
