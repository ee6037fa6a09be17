//go:build !linux

package load

// takePrecedence can ask for nothing here.
func takePrecedence() (realtime bool, end func()) { return false, func() {} }
