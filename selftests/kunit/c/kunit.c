// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit and the kernel's log. See selftests.h.
 */
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/kmsg_dump.h>
#include <linux/string.h>

#include "selftests.h"

/* A line for the log and for the test's own results. */
void iomrs_c_note(const char *text)
{
	struct kunit *test = kunit_get_current_test();

	if (test)
		kunit_info(test, "%s", text);
	else
		pr_info("%s\n", text);
}

/* The running test counts as skipped, unless it fails later. */
void iomrs_c_skip(const char *reason)
{
	struct kunit *test = kunit_get_current_test();

	if (test)
		kunit_mark_skipped(test, "%s", reason);
}

/* Where the kernel's log ends now. */
u64 iomrs_c_log_position(void)
{
	struct kmsg_dump_iter iter;

	kmsg_dump_rewind(&iter);
	return iter.next_seq;
}

/* What the kernel says when a caller has done wrong; C's ioremap and ours must both be silent. */
static bool is_complaint(const char *line)
{
	static const char * const words[] = {
		"WARNING:", "BUG:", "Oops", "Call Trace", "freeing invalid memtype", "bad vm area", "bad address",
		"multiple BARs",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* How many complaints there are in the log from @mark on. */
u32 iomrs_c_count_complaints(u64 mark)
{
	struct kmsg_dump_iter iter;
	char line[256];
	u32 count = 0;
	size_t len;

	kmsg_dump_rewind(&iter);
	iter.cur_seq = max(iter.cur_seq, mark);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		count += is_complaint(line);
	}
	return count;
}

/* From here on WARN() in this task is counted instead of printed. */
void *iomrs_c_suppress_warnings(void)
{
	return kunit_start_suppress_warning(kunit_get_current_test());
}

/* Until here. How many there were. */
u32 iomrs_c_end_suppress_warnings(void *muted)
{
	u32 count;

	if (!muted)
		return 0;
	count = kunit_suppressed_warning_count(muted);
	kunit_end_suppress_warning(kunit_get_current_test(), muted);
	return count;
}
