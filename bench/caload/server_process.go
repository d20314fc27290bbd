package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// cpuSeconds is the CPU time that a process has taken so far, all its threads together (0 for no process). It is read
// from the process's own clock, to the nanosecond: /proc/<pid>/stat counts in hundredths of a second, which is as much
// as some changes cost.
func cpuSeconds(pid int) float64 {
	if pid == 0 {
		return 0
	}
	const schedulerClock = 2 // CPUCLOCK_SCHED; see clock_getcpuclockid(3) for how the id of a process's clock is made
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedulerClock), &t); err != nil {
		return 0
	}
	return float64(t.Sec) + float64(t.Nsec)/1e9
}

// rss is a process's resident memory in MiB, now and at its peak.
func rss(pid int) (now, peak float64) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	for _, line := range strings.Split(string(raw), "\n") {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(f[1], 64)
		switch f[0] {
		case "VmRSS:":
			now = kib / 1024
		case "VmHWM:":
			peak = kib / 1024
		}
	}
	return now, peak
}

// forgetPeak makes the peak begin anew (proc(5), clear_refs); where that is not allowed, it stays that of the whole run.
func forgetPeak(pid int) {
	if pid != 0 {
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	}
}
