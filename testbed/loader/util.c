// SPDX-License-Identifier: GPL-2.0
/* Ports, messages, the end on errors, and functions that the compiler calls by itself. */
#include "loader.h"
#include "ccemu-abi.h"

#define UART		0x3f8
#define UART_LSR	(UART + 5)
#define UART_LSR_THRE	0x20
#define VERDICT_SETUP	14

void outb(u16 port, u8 val)
{
	asm volatile("outb %0, %1" : : "a"(val), "Nd"(port) : "memory");
}

void outw(u16 port, u16 val)
{
	asm volatile("outw %0, %1" : : "a"(val), "Nd"(port) : "memory");
}

void outl(u16 port, u32 val)
{
	asm volatile("outl %0, %1" : : "a"(val), "Nd"(port) : "memory");
}

u8 inb(u16 port)
{
	u8 val;

	asm volatile("inb %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

u32 inl(u16 port)
{
	u32 val;

	asm volatile("inl %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

u64 tdcall(u64 leaf, u64 rcx, u64 rdx)
{
	/* Spelt as bytes: older assemblers do not know the mnemonic. */
	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a"(leaf), "+c"(rcx), "+d"(rdx)
		     : : "r8", "r9", "r10", "r11", "memory");
	return leaf;
}

static void serial_putc(char c)
{
	/* Bounded, so that a machine without a serial port cannot hang here. */
	for (int i = 0; i < 100000 && !(inb(UART_LSR) & UART_LSR_THRE); i++)
		;
	outb(UART, c);
}

void say(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			serial_putc('\r');
		serial_putc(*s);
	}
}

static char *format_num(char *end, u64 num, unsigned int base)
{
	*end = 0;
	do {
		*--end = "0123456789abcdef"[num % base];
		num /= base;
	} while (num);
	return end;
}

void say_num(u64 num, unsigned int base)
{
	char buf[24];

	say(format_num(buf + sizeof(buf) - 1, num, base));
}

static void console(const char *s)
{
	efi_char16_t c[2] = { 0, 0 };

	for (; *s; s++) {
		c[0] = *s;
		systab->con_out->output_string(systab->con_out, c);
	}
}

void die(const char *cause, const char *detail)
{
	const char *part[] = { "loader: ", cause, detail ? ": " : "",
			       detail ? detail : "" };

	for (unsigned int i = 0; i < ARRAY_SIZE(part); i++)
		console(part[i]);
	console("\r\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(part); i++)
		say(part[i]);
	say("\n");

	outl(CCEMU_PORT_VERDICT, VERDICT_SETUP);
	/* Only reached on a QEMU without the emulation: no device took the verdict. */
	systab->runtime->reset_system(EFI_RESET_SHUTDOWN, EFI_UNSUPPORTED, 0, NULL);
	for (;;)
		asm volatile("hlt");
}

void check(efi_status_t status, const char *what)
{
	char buf[24];

	if (status != EFI_SUCCESS)
		die(what, format_num(buf + sizeof(buf) - 1, status, 16));
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *ret = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return ret;
}

void *memset(void *to, int c, size_t n)
{
	void *ret = to;

	asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
	return ret;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
