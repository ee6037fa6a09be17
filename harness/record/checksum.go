package record

import (
	"bytes"
	"errors"
	"hash/crc32"
	"strconv"
)

// Checksums is what the header says of the lines of the streams: each ends with the CRC-32C of what stands before it, as
// its last member, crc, in eight hexadecimal digits. The header ends with its own. A line stays a JSON object by itself.
// Source: RFC 3720, appendix B.4, for the polynomial.
const Checksums = "crc32c"

// The member that carries a checksum, in a line and in the header, and what ends the object behind its eight digits.
const (
	lineMember, lineEnd     = `,"crc":"`, `"}`
	headerMember, headerEnd = ",\n  \"crc\": \"", "\"\n}"
	checksumDigits          = 8
)

// Why a checksum does not speak for what it stands behind.
var (
	errChanged  = errors.New("its checksum does not match: it was changed after it was written, or the disk lost it")
	errUnsealed = errors.New("it has no checksum, which every line of this record has: it was changed after it was written, or the disk lost it")
)

// seal ends an object with the checksum of what stands before it.
func seal(object []byte, member, end string) []byte {
	covered := bytes.TrimRight(bytes.TrimSuffix(object, []byte("}")), "\n")
	sum := checksum(covered)
	return append(appendHex(append(covered, member...), sum), end...)
}

// unsealed tells whether the text carries a checksum at its end, and if so whether it matches.
func unsealed(text []byte, member, end string) (sealed bool, err error) {
	text = bytes.TrimRight(text, "\n")
	at := len(text) - len(member) - checksumDigits - len(end)
	if at < 0 || string(text[at:at+len(member)]) != member || string(text[len(text)-len(end):]) != end {
		return false, nil
	}
	if string(appendHex(nil, checksum(text[:at]))) != string(text[at+len(member):len(text)-len(end)]) {
		return true, errChanged
	}
	return true, nil
}

func checksum(text []byte) uint32 { return crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)) }

// appendHex adds the eight digits of a checksum.
func appendHex(text []byte, sum uint32) []byte {
	digits := strconv.AppendUint(nil, uint64(sum)|1<<32, 16)
	return append(text, digits[1:]...)
}
