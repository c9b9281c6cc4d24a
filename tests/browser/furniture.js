// One of everything that has a screen of its own, put there by the JSON interface.

const KEYWORDS = '[[reply]]\nwords = ["地址"]\ntext = "长安街一号"\n';
const ARTICLE = '+++\ntitle = "冬天的书单"\ntags = ["书单"]\n+++\n\n围炉夜读，三本就够。\n\n## 第一本\n\n慢慢读。\n';

/** Furnishes a running program with `--demo`; gives the names of what is there. */
export async function furnish({ context }, program, api) {
  const article = await api.call('POST /api/articles', { body: { name: 'winter', text: ARTICLE } });
  await api.call('POST /api/articles', { body: { name: 'later', text: ARTICLE.replace('+++\n', '+++\ndraft = true\n') } });
  const source = { name: 'mine', title: '自己的书库', url: 'https://books.example.org/opds', kind: 'opds', rights: '自己的书' };
  await api.call('POST /api/sources', { body: source });
  await api.call('POST /api/keywords', { body: { do: 'save', text: KEYWORDS } });
  // A follower says something, so that there is one.
  const { csrf } = await (await context.request.get(`${program.admin}/api/session`)).json();
  const say = (text) => context.request.post(`${program.admin}/api/simulator/send`, {
    headers: { 'X-CSRF-Token': csrf }, data: { account: 'books', follower: 'sim-a1b2c3d4', kind: 'text', fields: { Content: text } },
  });
  for (const text of ['帮助', '西游记', '没有这本书吧', '最新']) await say(text);
  const { books } = await api.call('GET /api/books');
  const { followers } = await api.call('GET /api/followers');
  const names = { slug: article.slug, account: 'books', key: 'help' };
  const ids = { '/api/books/': books[0]?.id, '/api/followers/': followers[0]?.id };
  const own = { '/api/sources/': source.name, '/api/jobs/': 'forget' };
  const within = (places, pattern) => Object.entries(places).find(([begin]) => pattern.startsWith(begin))?.[1];
  return {
    book: books[0]?.id, source: source.name, slug: article.slug, keywords: KEYWORDS,
    /** What stands in a place of a path, if something is known that can. */
    place(pattern, name) {
      if (name === 'id') return within(ids, pattern);
      if (name === 'name') return within(own, pattern);
      return names[name];
    },
    /** What some want to know that is no part of their path. */
    query: { '/api/simulator/waiting': { account: 'books', follower: 'sim-a1b2c3d4' } },
  };
}
