// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own files, read from within the kernel: see selftests.h.
 *
 * KUnit runs tests in kernel threads, which see an empty file system: names are looked up as the first process sees
 * them.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/uio.h>

#include "selftests.h"

struct file *iomrs_c_open_file(const char *path)
{
	struct file *file;

	scoped_with_init_fs()
		file = filp_open(path, O_RDONLY, 0);
	return file;
}

/*
 * Reads a file of proc or debugfs that is a seq_file, up to its end. Returns how many bytes, or an errno. Files of
 * debugfs have no read_iter, so that the seq_file is read directly.
 */
long iomrs_c_read_file(const char *path, char *buf, size_t size)
{
	struct file *file = iomrs_c_open_file(path);
	size_t done = 0;
	ssize_t got;

	if (IS_ERR(file))
		return PTR_ERR(file);
	do {
		struct kvec vec = { .iov_base = buf + done, .iov_len = size - done };
		struct kiocb iocb;
		struct iov_iter iter;

		init_sync_kiocb(&iocb, file);
		iocb.ki_pos = done;
		iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
		got = seq_read_iter(&iocb, &iter);
		done += max_t(ssize_t, got, 0);
	} while (got > 0 && done < size);
	filp_close(file, NULL);
	if (got < 0)
		return got;
	return done < size ? done : -EFBIG;
}
