// SPDX-License-Identifier: GPL-2.0
/*
 * What tools/guest/unplug.sh cannot do in a shell. Linked statically, for a guest that has busybox only.
 *
 *     unplug get FILE NODE MIB    reads this MiB of NODE, and compares it with the MiB that FILE has
 *     unplug put FILE NODE MIB    writes the MiB that FILE has to NODE, from this MiB on, and reads it again
 *     unplug write NODE           writes a page to NODE from memory that is not there before a line comes in
 *     unplug vfio GROUP DEVICE    prints the first bytes of BAR 2 of a device that vfio-pci has, in hexadecimal
 *
 * Status 1 is an error, WRONG are wrong bytes, and OFF is what memory that is off does: it reads as ones or zeroes, and
 * what is written is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE	4096
#define MIB	1048576
#define WRONG	3
#define OFF	4
#define BYTES	16
#define BAR	VFIO_PCI_BAR2_REGION_INDEX

static void fail(const char *what)
{
	fprintf(stderr, "error: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_or_fail(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		fail(path);
	return fd;
}

static char wanted[MIB], found[MIB];

static void load(const char *path)
{
	int file = open_or_fail(path, O_RDONLY);

	if (read(file, wanted, MIB) != MIB)
		fail(path);
	close(file);
}

/* If the device goes meanwhile, what has been read until then is compared. */
static int compare(int node, const char *path, off_t mib)
{
	ssize_t done = 0, got = 0, i;
	int status = 0;

	while (done < MIB && (got = pread(node, found + done, MIB - done, mib * MIB + done)) > 0)
		done += got;
	if (!got)
		errno = EIO;
	for (i = 0; i < done && status != WRONG; i++) {
		if (found[i] == wanted[i])
			continue;
		if (!status)
			fprintf(stderr, "error: MiB %ld differs from byte %zd on\n", (long)mib, i);
		status = found[i] && found[i] != (char)0xff ? WRONG : OFF;
	}
	if (!status && got <= 0)
		fail(path);
	return status;
}

static int get(const char *from, const char *path, off_t mib)
{
	load(from);
	return compare(open_or_fail(path, O_RDONLY), path, mib);
}

static int put(const char *from, const char *path, off_t mib)
{
	int node = open_or_fail(path, O_RDWR);
	ssize_t written, done;

	load(from);
	for (done = 0; done < MIB; done += written) {
		written = pwrite(node, wanted + done, MIB - done, mib * MIB + done);
		if (written <= 0)
			fail(path);
	}
	/* The bytes from before are no ones and zeroes. */
	return compare(node, path, mib) ? OFF : 0;
}

/* Says when the kernel waits for the page, and fills it when a line comes in. */
static void *fill_late(void *arg)
{
	static char zeroes[PAGE];
	int faults = *(int *)arg;
	struct uffd_msg fault;
	struct uffdio_copy page = { .src = (unsigned long)zeroes, .len = PAGE };

	if (read(faults, &fault, sizeof(fault)) != sizeof(fault))
		fail("read of the fault");
	puts("blocked");
	fflush(stdout);
	getchar();
	page.dst = fault.arg.pagefault.address & -PAGE;
	if (ioctl(faults, UFFDIO_COPY, &page))
		fail("UFFDIO_COPY");
	return NULL;
}

static void write_late(const char *path)
{
	int file = open_or_fail(path, O_WRONLY);
	int faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register memory = { .range.len = PAGE, .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t filler;
	ssize_t written;

	if (page == MAP_FAILED)
		fail("mmap");
	memory.range.start = (unsigned long)page;
	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &memory))
		fail("userfaultfd");
	if (pthread_create(&filler, NULL, fill_late, &faults))
		fail("pthread_create");
	written = write(file, page, PAGE);
	if (written < 0)
		printf("write: %s\n", strerror(errno));
	else
		printf("write: %zd bytes\n", written);
}

static void read_by_vfio(const char *group_path, const char *name)
{
	int container = open_or_fail("/dev/vfio/vfio", O_RDWR);
	int group = open_or_fail(group_path, O_RDWR);
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = BAR };
	unsigned char data[BYTES];
	int device, i;

	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) || ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		fail("set-up of the container");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
	if (device < 0)
		fail("VFIO_GROUP_GET_DEVICE_FD");
	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar))
		fail("VFIO_DEVICE_GET_REGION_INFO");
	if (pread(device, data, BYTES, bar.offset) != BYTES)
		fail("read of the BAR");
	for (i = 0; i < BYTES; i++)
		printf("%02x", data[i]);
	puts("");
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "write"))
		write_late(argv[2]);
	else if (argc == 5 && !strcmp(argv[1], "put"))
		return put(argv[2], argv[3], atoi(argv[4]));
	else if (argc == 5 && !strcmp(argv[1], "get"))
		return get(argv[2], argv[3], atoi(argv[4]));
	else if (argc == 4 && !strcmp(argv[1], "vfio"))
		read_by_vfio(argv[2], argv[3]);
	else
		return 2;
	return 0;
}
