// SPDX-License-Identifier: GPL-2.0
/*
 * Pictures: rectangles and text as SVG.
 */
#include <errno.h>
#include <string.h>

#include "ctl.h"

/* Pixels from the upper edge of a line of text to its base line. */
#define ASCENT		10

static const char * const palette[NR_SHADES] = {
	[SHADE_ACCEPTED] = "#2e9e5b",
	[SHADE_UNACCEPTED] = "#3b6fb6",
	[SHADE_PARTLY] = "#e3b341",
	[SHADE_FLIGHT] = "#d64f8b",
	[SHADE_HOLE] = "#e4e4e4",
	[SHADE_UNKNOWN] = "#8a8a8a",
	[SHADE_PAPER] = "#ffffff",
	[SHADE_INK] = "#222222",
};

/**
 * canvas_open - begin a picture
 * @canvas: to be filled
 * @path: of the file; "-" for stdout
 * @width: in pixels
 * @height: in pixels
 *
 * Return: 0 or -errno.
 */
int canvas_open(struct canvas *canvas, const char *path, unsigned int width,
		unsigned int height)
{
	canvas->to = strcmp(path, "-") ? fopen(path, "w") : stdout;
	if (!canvas->to)
		return -errno;
	fprintf(canvas->to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" font-family=\"monospace\" font-size=\"12\">\n",
		width, height);
	canvas_rect(canvas, 0, 0, width, height, SHADE_PAPER);
	return 0;
}

/**
 * canvas_rect - fill a rectangle
 * @canvas: an open canvas, in which the whole rectangle must lie
 * @x: pixels from the left edge
 * @y: pixels from the upper edge
 * @width: in pixels
 * @height: in pixels
 * @shade: colour
 */
void canvas_rect(struct canvas *canvas, unsigned int x, unsigned int y, unsigned int width,
		 unsigned int height, enum shade shade)
{
	fprintf(canvas->to, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"%s\"/>\n",
		x, y, width, height, palette[shade]);
}

/**
 * canvas_text - write a line of text
 * @canvas: an open canvas
 * @x: pixels from the left edge
 * @y: pixels from the upper edge of the picture to that of the text
 * @text: ASCII without characters that XML must escape
 */
void canvas_text(struct canvas *canvas, unsigned int x, unsigned int y, const char *text)
{
	fprintf(canvas->to, "<text x=\"%u\" y=\"%u\" fill=\"%s\">%s</text>\n", x, y + ASCENT,
		palette[SHADE_INK], text);
}

/**
 * canvas_close - finish the picture and close the file
 * @canvas: from canvas_open()
 *
 * Return: 0 or -errno.
 */
int canvas_close(struct canvas *canvas)
{
	int error = 0;

	fputs("</svg>\n", canvas->to);
	if (ferror(canvas->to))
		error = -EIO;
	if (canvas->to == stdout ? fflush(stdout) : fclose(canvas->to))
		error = -errno;
	return error;
}
