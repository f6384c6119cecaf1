import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveQuestions } from '../../child/serve-questions.ts';

/** Stands for the engines of all jobs: says that nothing runs or waits. */
const page = `# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="m"} 0.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{model_name="m"} 0.0
`;
const server = createServer((request, response) => {
  request.resume();
  response.writeHead(request.url === '/metrics' ? 200 : 404, { 'content-type': 'text/plain' });
  response.end(request.url === '/metrics' ? page : '');
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
serveQuestions(() => (server.address() as AddressInfo).port);
