"""What the processor is like that the tests run on."""

from pathlib import Path

cpuinfo = Path("/proc/cpuinfo")
HAS_AVX512 = cpuinfo.exists() and "avx512" in cpuinfo.read_text()
