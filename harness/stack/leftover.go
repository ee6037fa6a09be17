package stack

// Leftover is something a crashed run had left behind and that was removed, or would be.
type Leftover struct {
	// Run is the name of the run's private directory.
	Run string
	// Kind is "container", "network", "volume", "process", "shared memory" or "directory".
	Kind string
	// What names it: the node and its process id, the path, or the engine's name for it.
	What string
}
