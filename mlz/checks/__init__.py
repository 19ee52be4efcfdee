"""What has to hold before a deployment starts: each module reads the facts of one thing and decides about them."""
