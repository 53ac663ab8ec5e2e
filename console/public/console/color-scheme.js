// Before the first paint, so that a dark room stays dark; the key is theme.ts's.
(() => {
  const chosen = localStorage.getItem('coldframe-color-scheme');
  const isDark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.mantineColorScheme = isDark ? 'dark' : 'light';
})();
