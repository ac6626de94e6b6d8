package server

// StartTrusting is Start with the authorities that the receiver of checkpoints is checked with.
var StartTrusting = start
