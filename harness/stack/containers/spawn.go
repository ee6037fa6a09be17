package containers

import (
	"archive/tar"
	"cmp"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
)

// Spawn implements [stack.Stack].
func (s *containers) Spawn(ctx context.Context, svc stack.Service) (stack.Addresses, error) {
	ctx, release, err := s.Work(ctx)
	if err != nil {
		return stack.Addresses{}, err
	}
	defer release()
	if err := backend.CheckService(svc, s.Node(svc.Name) != nil); err != nil {
		return stack.Addresses{}, err
	}
	image, err := s.binaryImage(ctx, svc.Path)
	if err != nil {
		return stack.Addresses{}, err
	}
	inside := map[string]int{}
	env := map[string]string{"REHEARSE_HOST": "0.0.0.0"}
	var numbers []int
	for i, name := range svc.Ports {
		const first = 8000
		inside[name] = first + i
		numbers = append(numbers, first+i)
		env["REHEARSE_PORT_"+backend.PortVariable(name)] = fmt.Sprint(first + i)
	}
	for _, kv := range append(alone.Service(), svc.Env...) {
		name, value, _ := strings.Cut(kv, "=")
		env[name] = value
	}
	v, err := s.create(ctx, svc.Name, nodeSpec{
		spec: engine.Spec{
			Image: image, User: "65532:65532", StopSignal: "SIGTERM", Env: env,
			Command: append([]string{programPath}, svc.Args...),
		},
		ports: numbers,
		ready: s.listens(numbers),
		limit: backend.SpawnLimit,
	})
	if err != nil {
		return stack.Addresses{}, err
	}
	return s.bringService(ctx, v, inside)
}

// bringService starts a service's container; one that does not come up is no node.
func (s *containers) bringService(ctx context.Context, v *node, ports map[string]int) (stack.Addresses, error) {
	if err := s.bring(ctx, v); err != nil {
		s.Leave(v)
		return stack.Addresses{}, errors.Join(s.diagnose(err), v.box.Remove(context.WithoutCancel(ctx)))
	}
	addrs := stack.Addresses{Outside: map[string]string{}, Inside: map[string]string{}}
	for name, port := range ports {
		addrs.Outside[name], addrs.Inside[name] = s.addr(v, port), v.addrInside(port)
	}
	return addrs, nil
}

// listens is the readiness of a service. A published port is accepted on by the engine's proxy from the start, which
// hangs up when nobody listens behind it: so there it has to stay open for a moment as well.
func (s *containers) listens(ports []int) func(*node) func(context.Context) error {
	return func(v *node) func(context.Context) error {
		return func(ctx context.Context) error {
			for _, port := range ports {
				if err := s.dialed(ctx, s.addr(v, port)); err != nil {
					return err
				}
			}
			return nil
		}
	}
}

func (s *containers) dialed(ctx context.Context, addr string) error {
	if s.direct {
		return servers.Dial(ctx, addr)
	}
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "tcp4", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		return err
	}
	if _, err = conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return fmt.Errorf("hung up: %w", err)
}

// programPath is where a service's program is in its image; nothing else is in there.
const programPath = "/rehearse"

// ownService is the repository of the images made of programs.
const ownService = "rehearse/service"

// binaryImage makes an image of a program and nothing else, named by its content, unless it is there. An older one is
// removed: each build of the program would leave another.
func (s *containers) binaryImage(ctx context.Context, path string) (ref string, err error) {
	if path, err = linuxProgram(path); err != nil {
		return "", err
	}
	if ref, known := s.binaries[path]; known {
		return ref, nil
	}
	sum, err := digest(path)
	if err != nil {
		return "", err
	}
	ref = ownService + ":" + sum[:12]
	if _, err := s.engine.Image(ctx, ref); errors.Is(err, engine.ErrNoImage) {
		if err := s.importBinary(ctx, ref, path); err != nil {
			return "", err
		}
	} else if err != nil {
		return "", err
	}
	s.binaries[path] = ref
	return ref, s.forgetBinaries(ctx, ref)
}

// ServiceProgram is the path of the program that [Open] starts as a service unless another is named. Its error is a
// [stack.NotReadyError] where it could not run in a container.
func ServiceProgram() (string, error) { return linuxProgram("") }

// linuxProgram is this very program unless another is named. In a container it must be one for Linux that needs no
// other file, or the kernel says that there is no such file and means the loader.
func linuxProgram(path string) (_ string, err error) {
	path = cmp.Or(path, os.Getenv("REHEARSE_LINUX_BINARY"))
	if path == "" && runtime.GOOS == "linux" {
		if path, err = os.Executable(); err != nil {
			return "", err
		}
	}
	if path == "" {
		return "", stack.NotReady("containers run Linux, and this rehearse is built for "+runtime.GOOS, "type: "+staticBuild)
	}
	program, err := elf.Open(path)
	if err != nil {
		return "", stack.NotReady(fmt.Sprintf("%s is no program for Linux (%v)", path, err), "type: "+staticBuild)
	}
	defer program.Close()
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP {
			return "", stack.NotReady(path+" is linked dynamically, and its container holds nothing else", "type: "+staticBuild)
		}
	}
	return path, nil
}

// staticBuild makes a program that runs in an empty container.
const staticBuild = "CGO_ENABLED=0 GOOS=linux go build -o rehearse-linux ./cmd/rehearse, and set REHEARSE_LINUX_BINARY to that file"

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// importBinary streams the program into the engine.
func (s *containers) importBinary(ctx context.Context, ref, path string) error {
	program, err := os.Open(path)
	if err != nil {
		return err
	}
	defer program.Close()
	info, err := program.Stat()
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	defer r.Close() // frees the writer when the engine stops reading
	go func() {
		out := tar.NewWriter(w)
		err := out.WriteHeader(&tar.Header{Name: strings.TrimPrefix(programPath, "/"), Mode: 0o755, Size: info.Size(), ModTime: info.ModTime()})
		if err == nil {
			_, err = io.Copy(out, program)
		}
		w.CloseWithError(errors.Join(err, out.Close()))
	}()
	return s.engine.Import(ctx, ref, r, nil)
}

// forgetBinaries removes the images of other programs, except for those that containers still use.
func (s *containers) forgetBinaries(ctx context.Context, keep string) error {
	old, err := s.engine.Images(ctx, ownService)
	if err != nil {
		return err
	}
	for _, img := range old {
		if img.Ref != keep {
			_ = s.engine.RemoveImage(ctx, img.Ref) // one in use is refused, and stays for a later run
		}
	}
	return nil
}
