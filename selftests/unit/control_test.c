// SPDX-License-Identifier: GPL-2.0
/*
 * Tests what the module's files take and what they refuse, with tables of cases.
 */
#include "kselftest.h"

#include "control.h"

#define TEXT(text)	text, sizeof(text) - 1

/* Writes to a file that can be read; one that is refused must not change it. */
static const struct {
	const char *path;
	const char *data;
	size_t count;
	int error;
	const char *shows;
} value_cases[] = {
	{ "policy/max_blocks", TEXT("64\n"), 0, "64\n" },
	{ "policy/max_blocks", TEXT("0004"), 0, "4\n" },
	{ "policy/max_blocks", TEXT("65"), -ERANGE },
	{ "policy/max_blocks", TEXT("0"), -ERANGE },
	{ "policy/max_blocks", TEXT("0x4"), -EINVAL },
	{ "policy/max_blocks", TEXT("-4"), -EINVAL },
	/* Found by the fuzzer: what follows the NUL was ignored. */
	{ "policy/max_blocks", TEXT("4\0008"), -EINVAL },
	{ "policy/placement", TEXT("tail\0head"), -EINVAL },
	{ "policy/placement", TEXT(" tail\n"), 0, "tail\n" },
	/* Found by the fuzzer: no number at all was called one that is out of range. */
	{ "policy/max_us", TEXT("18446744073709551616x"), -EINVAL },
	{ "policy/max_us", TEXT("+1"), -EINVAL },
	{ "policy/max_us", TEXT("0"), 0, "0\n" },
	{ "policy/max_us", TEXT("1000000"), 0, "1000000\n" },
	{ "policy/max_us", TEXT("1000001"), -ERANGE },
	{ "policy/placement", TEXT("tail\n"), 0, "tail\n" },
	{ "policy/placement", TEXT("middle"), -EINVAL },
	{ "map_chunk_bytes", TEXT("1T\n"), 0, "1099511627776\n" },
	{ "map_chunk_bytes", TEXT("2T"), -ERANGE },
	{ "map_chunk_bytes", TEXT("2M"), -ERANGE },
	{ "map_chunk_bytes", TEXT("5M"), -EINVAL },
	{ "map_chunk_bytes", TEXT("0"), -EINVAL },
	{ "acceptor/mode", TEXT(" idle\n"), 0, "idle\n" },
	{ "acceptor/mode", TEXT("idle\n\n"), 0, "idle\n" },
	{ "acceptor/mode", TEXT("idle\0"), -EINVAL },
	{ "acceptor/mode", TEXT("Idle"), -EINVAL },
	{ "acceptor/cpu_percent", TEXT("1"), 0, "1\n" },
	{ "acceptor/cpu_percent", TEXT("401"), -ERANGE },
	{ "acceptor/cpu_percent", TEXT("18446744073709551616x"), -EINVAL },
	{ "acceptor/cpu_percent", TEXT("+1"), -EINVAL },
	{ "acceptor/cpu_percent", TEXT(""), 0, "400\n" },
	{ "acceptor/params", TEXT("cpu_percent="), -EINVAL },
	{ "acceptor/cpu_percent", TEXT("4294967297"), -ERANGE },
	{ "acceptor/threads_per_node", TEXT("4"), 0, "4\n" },
	{ "acceptor/threads_per_node", TEXT("5"), -ERANGE },
	{ "acceptor/floor_bytes", TEXT("15E\n"), 0, "17293822569102704640\n" },
	{ "acceptor/floor_bytes", TEXT("18446744073709551615"), 0, "18446744073709551615\n" },
	{ "acceptor/floor_bytes", TEXT("18446744073709551616"), -ERANGE },
	{ "acceptor/floor_bytes", TEXT("18446744073709551615K"), -ERANGE },
	{ "acceptor/floor_bytes", TEXT("16E"), -ERANGE },
	{ "acceptor/floor_bytes", TEXT("16EB"), -EINVAL },
	{ "acceptor/floor_bytes", TEXT("+1"), -EINVAL },
	{ "acceptor/floor_bytes", TEXT("0x10"), -EINVAL },
	{ "acceptor/floor_bytes", TEXT("1M\0"), -EINVAL },
	{ "acceptor/headroom_bytes", TEXT("\t010k "), 0, "10240\n" },
	{
		"acceptor/params", TEXT("mode=all\n\tcpu_percent=5 "), 0,
		"mode=all bytes_per_second=0 cpu_percent=5 headroom_bytes=67108864 floor_bytes=0 threads_per_node=1\n",
	},
	{ "acceptor/params", TEXT("mode=all cpu_percent=0"), -ERANGE },
	{ "acceptor/params", TEXT("mode=all cpu_percent"), -EINVAL },
	{ "acceptor/params", TEXT("\n\t"), -EINVAL },
	{ "accept_range", TEXT("0x401000+4K\n"), 0,
	  "0x401000-0x402000 asked 0x400000-0x800000 rounded 4194304 accepted\n" },
	{ "accept_range", TEXT("4M-0x800001"), 0,
	  "0x400000-0x800001 asked 0x400000-0xc00000 rounded 8388608 accepted\n" },
	{ "accept_range", TEXT("4M-0x400000000000"), 0,
	  "0x400000-0x400000000000 asked 0x400000-0x400000000000 rounded 1073741824 accepted\n" },
	{ "accept_range", TEXT("0-0x400000000001"), -ERANGE },
	{ "accept_range", TEXT("4G+4M"), -ERANGE },
	{ "accept_range", TEXT("0xffffffffffffffff+1"), -ERANGE },
	{ "accept_range", TEXT("1G-1G"), -EINVAL },
	{ "accept_range", TEXT("1G+0"), -EINVAL },
	{ "accept_range", TEXT("0X1000+1"), -EINVAL },
	{ "accept_range", TEXT("1M - 2M"), -EINVAL },
};

/* Writes to "accept" and to that of debugfs, while 1 GiB is unaccepted. */
static const struct {
	const char *data;
	size_t count;
	int error;
	u64 blocks;
} amount_cases[] = {
	{ TEXT("all\n"), 0, U64_MAX },
	{ TEXT("1"), 0, 1 },
	{ TEXT(" 4097K\n"), 0, 2 },
	{ TEXT("15e"), 0, 15ULL << 38 },
	{ TEXT("18446744073709551615"), 0, 1ULL << 42 },
	{ TEXT("1%"), 0, 3 },
	{ TEXT("0100%"), 0, 256 },
	{ TEXT("101%"), -ERANGE },
	{ TEXT("0%"), -EINVAL },
	{ TEXT("%"), -EINVAL },
	{ TEXT("5%%"), -EINVAL },
	{ TEXT("+5%"), -EINVAL },
	{ TEXT("5 %"), -EINVAL },
	/* Found by the fuzzer. */
	{ TEXT("5\n%"), -EINVAL },
	{ TEXT("18446744073709551616x%"), -EINVAL },
	{ TEXT("0"), -EINVAL },
	{ TEXT(""), -EINVAL },
	{ TEXT("16E"), -ERANGE },
	{ TEXT("4M\0"), -EINVAL },
	{ TEXT("4M\0004M"), -EINVAL },
	{ TEXT("0x1000"), -EINVAL },
	{ TEXT("00000000000000000000000000000000000000000000000000000000000001M"), 0, 1 },
	{ TEXT("000000000000000000000000000000000000000000000000000000000000001M"), -EINVAL },
	/* Found by the fuzzer: in debugfs this error was not recorded. */
	{ TEXT("0000000000000000000000000000000000000000000000000000000000000001M"), -EINVAL },
};

static void test_values(void)
{
	char before[PAGE_SIZE], after[PAGE_SIZE];
	ssize_t ret, wanted;

	for (size_t i = 0; i < ARRAY_SIZE(value_cases); i++) {
		control_reset();
		control_read(value_cases[i].path, before);
		ret = control_write(value_cases[i].path, value_cases[i].data, value_cases[i].count);
		control_read(value_cases[i].path, after);
		wanted = value_cases[i].error ?: (ssize_t)value_cases[i].count;
		ksft_test_result(ret == wanted &&
				 !strcmp(after, ret < 0 ? before : value_cases[i].shows),
				 "%s, case %zu: returns %zd, expected %zd\n",
				 value_cases[i].path, i, ret, wanted);
	}
}

static void test_amounts(const char *path)
{
	char error[PAGE_SIZE];
	ssize_t ret, wanted;

	for (size_t i = 0; i < ARRAY_SIZE(amount_cases); i++) {
		/* sysfs does not pass on an empty write. */
		wanted = amount_cases[i].error ?: (ssize_t)amount_cases[i].count;
		if (!amount_cases[i].count && strcmp(path, "debugfs/accept"))
			wanted = 0;
		control_reset();
		ret = control_write(path, amount_cases[i].data, amount_cases[i].count);
		control_read("accept_error", error);
		ksft_test_result(ret == wanted && machine.calls == (ret > 0) &&
				 machine.blocks == amount_cases[i].blocks &&
				 !strcmp(error, "none\n") == (ret >= 0),
				 "%s, case %zu: returns %zd, expected %zd\n", path, i, ret, wanted);
	}
}

/* Where nothing can be accepted, this is the answer to everything else as well. */
static void test_impossible(void)
{
	static const char * const paths[] = { "accept", "accept_range", "acceptor/mode" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		control_reset();
		ua_state.core = &core_observes;
		ksft_test_result(control_write(paths[i], "x", 1) == -EOPNOTSUPP,
				 "%s where the binding cannot accept\n", paths[i]);
		ua_state.table.present = false;
		ksft_test_result(control_write(paths[i], "x", 1) == -ENODEV,
				 "%s without a table\n", paths[i]);
	}
	control_reset();
	ua_state.owns_policy = false;
	ksft_test_result(control_write("policy/max_us", "5", 1) == -EOPNOTSUPP &&
			 control_write("policy/placement", "x", 1) == -EOPNOTSUPP &&
			 ua_state.knobs.max_us == UA_MAX_US_DEFAULT,
			 "policy/ where the kernel decides\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(value_cases) + 2 * ARRAY_SIZE(amount_cases) + 7);
	test_values();
	test_amounts("accept");
	test_amounts("debugfs/accept");
	test_impossible();
	ksft_finished();
}
