"""Stand-ins for services that a gateway asks: on the loopback, each in threads of its own, so that any test can use them."""
