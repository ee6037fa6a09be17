//go:build !linux

package doctor

import (
	"context"
	"errors"
)

func readCPU(context.Context) (cpuReading, error) { return cpuReading{}, errors.ErrUnsupported }

func readLoad() (loadReading, error) { return loadReading{}, errors.ErrUnsupported }

func readMemory() (memoryReading, error) { return memoryReading{}, errors.ErrUnsupported }

func readPorts() (portsReading, error) { return portsReading{}, errors.ErrUnsupported }
