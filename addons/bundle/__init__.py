"""What a gateway keeps, as one file that is carried to a network with no way out."""
