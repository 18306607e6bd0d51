"""What the recorder decides, without IO and without a clock."""
