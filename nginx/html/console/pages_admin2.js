/* The admin's pages: sending, and the system; pages.js says what an entry is. */
export const admin2_pages = [
];
