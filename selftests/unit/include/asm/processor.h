/* SPDX-License-Identifier: GPL-2.0 */
struct cpuinfo {
	unsigned char x86_phys_bits;
};

extern struct cpuinfo boot_cpu_data;
