import { createMemoryStore } from './memory-store.ts';
import { storageContract } from './testing/storage-contract.ts';

storageContract('MemoryStore', async () => {
  const store = createMemoryStore({ historyEvents: 50 });
  return { store, dispose: () => store.close() };
});
