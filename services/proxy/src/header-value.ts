/** Not in the value of a header: controls, among them CR and LF, and what is not latin1 (RFC 9110 §5.5). */
export const unsendable = /[^\t\x20-\x7e\x80-\xff]/;
