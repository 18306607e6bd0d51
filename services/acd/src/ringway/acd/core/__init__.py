"""Pure decisions of the ACD: no IO and no clock."""
