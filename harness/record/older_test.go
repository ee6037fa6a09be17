package record

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A record of a later format is refused before anything of it is understood wrongly, and the error says what would read it.
func TestLaterSchemaIsRefused(t *testing.T) {
	dir := write(t)
	header := `{"schema": "rehearse.record/2", "version": "v9.1.0", "seed": "a word, as nobody could know", "trials": {}}`
	if err := os.WriteFile(filepath.Join(dir, HeaderFile), []byte(header), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{dir, `"rehearse.record/2"`, `"` + Schema + `"`, "read it with the rehearse that recorded it (v9.1.0), or a later one"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %s", err, want)
		}
	}
}

// The first records hold histograms in another encoding, and nothing of them is lost.
func TestFirstEncodingIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, highestNanoseconds), 1, 50).Draw(t, "ns")
		dense := hdrhistogram.New(lowestNanoseconds, highestNanoseconds, significantDigits)
		var want, got Histogram
		for _, v := range values {
			want.Record(time.Duration(v))
			if err := dense.RecordValue(v); err != nil {
				t.Fatal(err)
			}
		}
		text, err := dense.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(`"`+string(text)+`"`), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Bars(), got.Bars()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// What does not fit is refused, as it is in the list of buckets.
func TestFirstEncodingBeyondTheBounds(t *testing.T) {
	dense := hdrhistogram.New(1, int64(time.Hour), 3)
	if err := dense.RecordValue(int64(30 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	text, err := dense.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	var got Histogram
	if err := json.Unmarshal([]byte(`"`+string(text)+`"`), &got); err == nil {
		t.Errorf("got %v and no error", got.Bars())
	}
}
