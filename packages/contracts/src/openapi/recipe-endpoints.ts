import {
  listRecipesQuery,
  type RecipeJson,
  type RecipeSummaryJson,
  recipeListSchema,
  recipeParams,
  recipeSchema,
} from '../http/recipes.ts';
import type { Endpoint } from './endpoint.ts';
import { pageHeaders } from './parameters.ts';

const summary: RecipeSummaryJson = {
  name: 'inference/vllm',
  category: 'inference',
  description: 'vLLM, the OpenAI-compatible server for large language models.',
  tried: ['0.29.0'],
  untested: false,
  forms: { cpu: 'tried', gpu: 'untested', several_nodes: 'untested', build: 'untested' },
  needs_gpu: false,
  several_nodes: true,
};

const unbounded = {
  ...{ min: null, max: null, enum: null, pattern: null, secret: false, ignored: null },
};

const recipe: RecipeJson = {
  ...summary,
  environment: {
    VLLM_MODEL: {
      ...unbounded,
      description: "Model id on the hub, or of a folder in the cluster's model directory.",
      type: 'string',
      default: 'Qwen/Qwen2.5-0.5B-Instruct',
      default_on_cpus: 'Qwen/Qwen2.5-0.5B-Instruct',
      pattern: '[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*){0,3}',
    },
    VLLM_MAX_MODEL_LEN: {
      ...unbounded,
      description: 'Longest prompt and answer together, in tokens.',
      type: 'integer',
      default: null,
      default_on_cpus: null,
      min: 1,
      max: 100_000_000,
    },
    VLLM_DTYPE: {
      ...unbounded,
      description: 'Number format of weights and activations.',
      type: 'string',
      default: null,
      default_on_cpus: 'bfloat16',
      enum: ['auto', 'half', 'float16', 'bfloat16', 'float', 'float32'],
    },
    VLLM_HOST: {
      ...unbounded,
      description: 'Address to listen on.',
      type: 'string',
      default: null,
      default_on_cpus: null,
      pattern: '[A-Za-z0-9.:_-]{1,253}',
      ignored: "the cluster's configuration says where services listen",
    },
  },
  resources: { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' },
  ports: [{ name: 'http', protocol: 'http', websocket: true, page: null }],
  access: { permission: 'infer', key: true, under_base_path: false },
  cpu_only: {
    parameters: { enforce_eager: true, dtype: 'bfloat16' },
    environment: { VLLM_CPU_KVCACHE_SPACE: '4' },
  },
  readiness: '/health',
  proves_itself: true,
  metrics: '/metrics',
  build: { gpu: { kind: 'venv', of: ['vllm==0.29.0'], digest: 'd448a07f2431bcaa' }, cpu: null },
  models: true,
};

export const recipeEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/api/v1/recipes',
    operationId: 'listRecipes',
    tag: 'Recipes',
    summary: 'What can be run as a service',
    description: 'Recipes by name: those that come along, and those of this installation.',
    query: listRecipesQuery,
    answers: {
      200: {
        description: 'All of them, or at most `limit`.',
        schema: recipeListSchema,
        example: [summary],
        headers: pageHeaders,
      },
    },
    errors: ['invalid_request'],
  },
  {
    method: 'get',
    path: '/api/v1/recipes/{recipe_path}',
    operationId: 'getRecipe',
    tag: 'Recipes',
    summary: 'A recipe: its variables, resources, ports',
    params: recipeParams,
    answers: { 200: { description: 'The recipe.', schema: recipeSchema, example: recipe } },
    errors: ['invalid_request', 'recipe_not_found'],
  },
];
