"""clients: who a client of the gateway is, by where it comes from and what it says to the proxy."""
