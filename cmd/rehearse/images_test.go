package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/images"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// choicesForTest are one of each kind.
func choicesForTest() []imageChoice {
	return []imageChoice{
		{Server: "postgres", Ref: "rehearse/postgres:15.13-bookworm", Kind: imageOwn, Where: imageLocal, Digest: "sha256:0123456789abcdef", SizeBytes: 178 << 20},
		{Server: "redis", Ref: "redis:7", Kind: imageOfficial, Where: imageRegistry},
	}
}

func TestPrintChoices(t *testing.T) {
	var out bytes.Buffer
	if err := printChoices(&out, choicesForTest()); err != nil {
		t.Fatal(err)
	}
	const want = `server    image                             kind      where     digest               MiB
──────────────────────────────────────────────────────────────────────────────────────────
postgres  rehearse/postgres:15.13-bookworm  own       local     sha256:0123456789ab  178
redis     redis:7                           official  registry
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// Scripts read this; see .ci/images.
func TestPrintChoicesJSON(t *testing.T) {
	var out bytes.Buffer
	if err := printChoicesJSON(&out, choicesForTest()); err != nil {
		t.Fatal(err)
	}
	const want = `{
  "schema": "rehearse.images/1",
  "images": [
    {
      "server": "postgres",
      "ref": "rehearse/postgres:15.13-bookworm",
      "kind": "own",
      "where": "local",
      "digest": "sha256:0123456789abcdef",
      "size_bytes": 186646528
    },
    {
      "server": "redis",
      "ref": "redis:7",
      "kind": "official",
      "where": "registry"
    }
  ]
}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// A build helps where nothing was named, and only there.
func TestMissing(t *testing.T) {
	for name, tt := range map[string]struct {
		kind, where string
		want        string
	}{
		"here":                {imageOwn, imageLocal, ""},
		"to be pulled":        {imageOfficial, imageRegistry, ""},
		"nowhere":             {imageOfficial, imageNowhere, "type: rehearse images build"},
		"nowhere, and named":  {imageNamed, imageNowhere, "docker load"},
		"named, to be pulled": {imageNamed, imageRegistry, ""},
	} {
		t.Run(name, func(t *testing.T) {
			nowhere := imageChoice{Ref: "postgres:17", Kind: imageOfficial, Where: tt.where, absent: engine.ErrNoRegistry}
			err := missing([]imageChoice{nowhere, {Ref: "redis:7", Kind: tt.kind, Where: tt.where, absent: engine.ErrNoRegistry}})
			if (err == nil) != (tt.want == "") {
				t.Fatalf("got %v", err)
			}
			if errors.Is(err, errNamed) != (tt.want == "docker load") {
				t.Errorf("got %v, which a build does not mend or does", err)
			}
			if err != nil && (!strings.HasSuffix(err.Error(), tt.want) || !errors.Is(err, engine.ErrNoRegistry)) {
				t.Errorf("got %v, want %s at the end", err, tt.want)
			}
		})
	}
}

// TestChooseImages asks a real engine, with and without images of that name.
func TestChooseImages(t *testing.T) {
	e, err := engine.Open(t.Context(), engine.Config{})
	if errors.Is(err, engine.ErrUnreachable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	t.Setenv("REHEARSE_POSTGRES_IMAGE", "")
	t.Setenv("REHEARSE_REDIS_IMAGE", "localhost:1/none:1")
	choices, err := chooseImages(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if c := choices[0]; c.Server != "postgres" || c.Kind == imageNamed || (c.Where == imageLocal) != (c.SizeBytes > 0) {
		t.Errorf("got %+v", c)
	}
	want := imageChoice{Server: "redis", Ref: "localhost:1/none:1", Kind: imageNamed, Where: imageNowhere}
	got := choices[1]
	if got.absent == nil {
		t.Error("got an image from a port that nobody listens on")
	}
	if got.absent = nil; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestImagesError(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{{images.ErrNotReady, exitEnvironment}, {engine.ErrUnreachable, exitEnvironment}, {errors.New("no space left"), exitUnexpected}} {
		if got := codeOf(t.Context(), imagesError(tt.err)); got != tt.want {
			t.Errorf("%v: got exit %d, want %d", tt.err, got, tt.want)
		}
	}
}
