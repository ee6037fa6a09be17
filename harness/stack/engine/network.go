package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// Network is a network of its own for some containers.
type Network struct {
	// Name is its name; ID the engine's.
	Name, ID string
	// Subnet holds the containers' addresses, Gateway is the engine machine's own in it.
	Subnet  netip.Prefix
	Gateway netip.Addr
}

// networkAttempts is how often a network is tried for when another takes its addresses in between.
const networkAttempts = 5

// Network makes a network in which a container keeps its address when it is started again. The engine grants chosen
// addresses only where the subnet was chosen as well, and only it knows which subnets are free on its machine: so it is
// asked for any network first, and then for that one's subnet.
func (e *Engine) Network(ctx context.Context, name string, labels map[string]string) (n Network, err error) {
	ctx, cancel, err := toTheEnd(ctx)
	if err != nil {
		return Network{}, err
	}
	defer cancel()
	labels = e.reapable(ctx, labels)
	for range networkAttempts {
		var free network.IPAMConfig
		if free, err = e.freeSubnet(ctx, name, labels); err != nil {
			return Network{}, err
		}
		var made client.NetworkCreateResult
		made, err = e.client.NetworkCreate(ctx, name, client.NetworkCreateOptions{
			Driver: "bridge", Labels: labels, IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: free.Subnet, Gateway: free.Gateway}}},
		})
		if err == nil {
			return Network{Name: name, ID: made.ID, Subnet: free.Subnet, Gateway: free.Gateway}, nil
		}
		if !strings.Contains(err.Error(), "overlap") {
			break
		}
	}
	return Network{}, fmt.Errorf("make the network %s: %w", name, reachable(err))
}

func (e *Engine) freeSubnet(ctx context.Context, name string, labels map[string]string) (free network.IPAMConfig, err error) {
	made, err := e.client.NetworkCreate(ctx, name, client.NetworkCreateOptions{Driver: "bridge", Labels: labels})
	if err != nil {
		return free, fmt.Errorf("make the network %s: %w", name, reachable(err))
	}
	answer, err := e.client.NetworkInspect(ctx, made.ID, client.NetworkInspectOptions{})
	_, removeErr := e.client.NetworkRemove(context.WithoutCancel(ctx), made.ID, client.NetworkRemoveOptions{})
	if err := errors.Join(err, removeErr); err != nil {
		return free, reachable(err)
	}
	for _, c := range answer.Network.IPAM.Config {
		if c.Subnet.Addr().Is4() && c.Gateway.IsValid() {
			return c, nil
		}
	}
	return free, fmt.Errorf("the engine gives the network %s no IPv4 addresses", name)
}

// Address is the n-th address after the gateway's; n counts from 1.
func (n Network) Address(number int) (netip.Addr, error) {
	addr := n.Gateway
	for range number {
		addr = addr.Next()
	}
	if !n.Subnet.Contains(addr) {
		return addr, fmt.Errorf("the network %s (%s) has no %d addresses", n.Name, n.Subnet, number)
	}
	return addr, nil
}

// Direct tells whether this process reaches the containers by their own addresses: it does when the network's gateway
// is an address of this very machine. In a virtual machine's engine, or a rootless one, it is not.
func (n Network) Direct() bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == n.Gateway {
			return true
		}
	}
	return false
}

// RemoveNetwork removes a network; one that is not there is no error.
func (e *Engine) RemoveNetwork(ctx context.Context, id string) error {
	_, err := e.client.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return reachable(err)
}

// Volume makes a volume on the engine's disk, unless it is there.
func (e *Engine) Volume(ctx context.Context, name string, labels map[string]string) error {
	ctx, cancel, err := toTheEnd(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	_, err = e.client.VolumeCreate(ctx, client.VolumeCreateOptions{Name: name, Labels: e.reapable(ctx, labels)})
	return reachable(err)
}

// KeptVolume makes a volume that outlives the process. One of that name that is there stays as it is.
func (e *Engine) KeptVolume(ctx context.Context, name string, labels map[string]string) error {
	ctx, cancel, err := toTheEnd(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	_, err = e.client.VolumeCreate(ctx, client.VolumeCreateOptions{Name: name, Labels: labels})
	return reachable(err)
}

// VolumeExists tells whether there is a volume of that name.
func (e *Engine) VolumeExists(ctx context.Context, name string) (bool, error) {
	_, err := e.client.VolumeInspect(ctx, name, client.VolumeInspectOptions{})
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil, reachable(err)
}

// RemoveVolume removes a volume with its content; one that is not there is no error.
func (e *Engine) RemoveVolume(ctx context.Context, name string) error {
	_, err := e.client.VolumeRemove(ctx, name, client.VolumeRemoveOptions{Force: true})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return reachable(err)
}
