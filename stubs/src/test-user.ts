/** The account that exists at every start. Its Telegram chat is one that the Telegram mock accepts. */
export const TEST_USER = {
  id: '5b0c4d52-8f0e-4a53-9c1e-2f6f0d9a7b11',
  username: 'test',
  password: 'test',
  roles: ['USER', 'ORGANIZER'],
  chatId: 100_200_300,
} as const
