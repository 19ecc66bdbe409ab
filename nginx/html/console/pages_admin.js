/* The admin's pages: watching, people, devices; pages.js says what an entry is. */
export const admin_pages = [
];
