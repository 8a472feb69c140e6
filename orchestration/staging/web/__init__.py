"""A page on this computer to drop recordings on: nothing leaves it, nobody else can ask it."""
