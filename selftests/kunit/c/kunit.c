// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit and the kernel's log: see selftests.h.
 */
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/kmsg_dump.h>
#include <linux/string.h>

#include "selftests.h"

/* Writes a line to the log and to the test's results. */
void iomrs_c_note(const char *text)
{
	struct kunit *test = kunit_get_current_test();

	if (test)
		kunit_info(test, "%s", text);
	else
		pr_info("%s\n", text);
}

/* Marks the running test as skipped, unless it fails later. */
void iomrs_c_skip(const char *reason)
{
	struct kunit *test = kunit_get_current_test();

	if (test)
		kunit_mark_skipped(test, "%s", reason);
}

/* Returns where the kernel's log ends now. */
u64 iomrs_c_log_position(void)
{
	struct kmsg_dump_iter iter;

	kmsg_dump_rewind(&iter);
	return iter.next_seq;
}

/* Is this a message of the kernel about a caller's mistake? Neither C's ioremap nor ours may cause one. */
static bool is_complaint(const char *line, const char *unused)
{
	static const char * const words[] = {
		"WARNING:", "BUG:", "Oops", "Call Trace", "freeing invalid memtype", "bad vm area", "bad address",
		"multiple BARs",
	};
	size_t i;

	/* The kernel's own data races are none of ours. */
	if (strstr(line, "BUG: KCSAN:") && !strstr(line, "io_mapping_"))
		return false;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

static bool has_text(const char *line, const char *text)
{
	return strstr(line, text);
}

static u32 count_lines(u64 position, bool (*wanted)(const char *line, const char *arg), const char *arg)
{
	struct kmsg_dump_iter iter;
	/* A line that does not fit is left out. One of the library has two names of functions in Rust. */
	char line[1024];
	u32 count = 0;
	size_t len;

	kmsg_dump_rewind(&iter);
	iter.cur_seq = max(iter.cur_seq, position);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		count += wanted(line, arg);
	}
	return count;
}

/* Returns how many complaints there are in the log from @position on. */
u32 iomrs_c_count_complaints(u64 position)
{
	return count_lines(position, is_complaint, NULL);
}

/* Returns how many lines of the log from @position on have @text. */
u32 iomrs_c_count_lines(u64 position, const char *text)
{
	return count_lines(position, has_text, text);
}

/* From here on each WARN() in this task is counted instead of printed. */
void *iomrs_c_suppress_warnings(void)
{
	return kunit_start_suppress_warning(kunit_get_current_test());
}

/* Ends iomrs_c_suppress_warnings(). Returns how many warnings there were. */
u32 iomrs_c_end_suppress_warnings(void *suppression)
{
	u32 count;

	if (!suppression)
		return 0;
	count = kunit_suppressed_warning_count(suppression);
	kunit_end_suppress_warning(kunit_get_current_test(), suppression);
	return count;
}
