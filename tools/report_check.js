// SPDX-License-Identifier: GPL-2.0
// What is wrong with the page as it is shown now, one sentence each: for tools/report_check.py. `least` is the height in CSS
// pixels below which a line of text cannot be read; `paper` says that nothing can be scrolled.
(least, paper) => {
	// Of text that touches other text: letters have space above and below them.
	const SLACK = 1.5;
	const wrong = [];
	const say = (what, text) => wrong.push(`${what}: "${text.trim().replace(/\s+/g, " ").slice(0, 60)}"`);
	const root = document.documentElement;
	const scrolled = (element) => !paper && element.closest(".scroll");
	if (root.scrollWidth > root.clientWidth)
		wrong.push(`the page is ${root.scrollWidth} wide, the window ${root.clientWidth}`);

	// Each line of each text, where it is on the page.
	const lines = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node; (node = walker.nextNode());) {
		const parent = node.parentElement;
		if (!node.data.trim() || parent.closest("style") || !parent.checkVisibility())
			continue;
		const range = document.createRange();
		range.selectNodeContents(node);
		for (const box of range.getClientRects()) {
			if (box.width > 0.5 && box.height > 0.5)
				lines.push({ box, text: node.data, parent, svg: parent.closest("svg") });
		}
	}
	if (lines.length < 50)
		wrong.push(`there are ${lines.length} lines of text only`);
	for (const { box, text, parent, svg } of lines) {
		// In a plot it may be turned.
		const height = svg ? Math.min(box.width, box.height) : box.height;
		if (height < least && text.trim().length > 1)
			say(`too small to read (${height.toFixed(1)} pixels)`, text);
		if (!scrolled(parent) && (box.left < -0.5 || box.right > root.clientWidth + 0.5))
			say("beyond the window", text);
		const cell = parent.closest("td, th");
		const around = (svg || cell || parent.closest("p, li, h1, h2, h3, figcaption, summary")).getBoundingClientRect();
		if (box.left < around.left - 1 || box.right > around.right + 1 || box.top < around.top - 2 || box.bottom > around.bottom + 2)
			say("sticks out of what it is in", text);
	}

	// From top to bottom, each with those that begin before it ends. Marks of a plot must not hide text either.
	const marks = [...document.querySelectorAll("svg use")].map((mark) => ({ box: mark.getBoundingClientRect(), text: "a mark" }));
	const boxes = [...lines, ...marks].sort((a, b) => a.box.top - b.box.top);
	boxes.forEach((one, at) => {
		for (let next = at + 1; next < boxes.length && boxes[next].box.top < one.box.bottom - SLACK; next++) {
			const other = boxes[next];
			const text = one.parent ? one : other;
			const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
			const down = Math.min(one.box.bottom, other.box.bottom) - other.box.top;
			if (text.parent && across > SLACK && down > SLACK)
				say(`overlaps ${text === one ? `"${other.text.trim().slice(0, 30)}"` : "a mark"}`, text.text);
		}
	});

	for (const element of document.querySelectorAll("body *")) {
		if (element.closest("svg") || !element.checkVisibility())
			continue;
		const hides = getComputedStyle(element).overflowX !== "visible";
		if (hides && element.scrollWidth > element.clientWidth + 1 && (paper || !element.matches(".scroll")))
			say("is cut off", element.textContent);
	}
	for (const link of document.querySelectorAll('a[href^="#"]')) {
		if (!document.getElementById(link.hash.slice(1)))
			say(`leads nowhere (${link.hash})`, link.textContent);
	}
	for (const figure of document.querySelectorAll("figure")) {
		const { width, height } = figure.querySelector("svg").getBoundingClientRect();
		if (width < 100 || height < 100 || !figure.querySelector("figcaption").textContent.trim())
			say(`a plot of ${width} x ${height}`, figure.id);
		// What is left of a sheet of A4 with margins of 15 mm.
		if (paper && figure.getBoundingClientRect().height > 1009)
			say("higher than a sheet", figure.id);
	}
	return wrong;
}
