// A plugin in Go: denies the tools that a file of the operator's names.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"unsafe"
)

// Of docs/abi.md, "Fields" and "Statuses".
const (
	toolCallName = 290
	failed       = -13
	noKey        = ^uint32(0)
)

//go:wasmimport cpex read_text
func readText(field, index uint32, key unsafe.Pointer, keyLen uint32, out unsafe.Pointer, outLen uint32) int32

//go:wasmimport cpex deny_text
func denyText(code unsafe.Pointer, codeLen uint32, reason unsafe.Pointer, reasonLen uint32) int32

func deny(code, reason string) int32 {
	denyText(
		unsafe.Pointer(unsafe.StringData(code)), uint32(len(code)),
		unsafe.Pointer(unsafe.StringData(reason)), uint32(len(reason)),
	)
	return 1
}

//go:wasmexport cpex_invoke
func invoke(hook uint32) int32 {
	var buffer [256]byte
	length := readText(toolCallName, 0, nil, noKey, unsafe.Pointer(&buffer), uint32(len(buffer)))
	if length < 0 {
		return length
	}
	if int(length) > len(buffer) {
		return deny("unknown_tool", "its name is too long for any that is known")
	}
	denied, err := os.ReadFile("/rules/denied.txt")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return failed
	}
	tool := string(buffer[:length])
	if slices.Contains(strings.Fields(string(denied)), tool) {
		return deny("denied_tool", fmt.Sprintf("%s is not to be called", tool))
	}
	fmt.Println("allowed", tool)
	return 0
}

func main() {}
