package testkit

// What only the package's own tests call by name.
var (
	NewestFirst  = newestFirst
	FindPrograms = findPrograms
	WaitFor      = waitFor
)
