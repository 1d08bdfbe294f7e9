"""The loopback HTTP origin: streams files out, and takes bodies in, at constant memory."""
