package secret

// BoundedWork is boundedWork, for its test.
var BoundedWork = boundedWork
