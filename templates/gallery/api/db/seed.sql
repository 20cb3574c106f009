-- TSAGallery: what the gallery starts with. Load after schema.sql, once.
-- Every value is fixed, so two galleries seeded from this file are equal, row by row.
SET NAMES utf8mb4;

-- The lab's own account: admin, with the password that the lab's text gives.
INSERT INTO users (id, username, display_name, password_hash, created_at) VALUES
  (1, 'admin', 'Zoë, who keeps the gallery',
   'scrypt$16384$8$1$gszi8oBjRMBnmtEekU9UKQ==$93/6Ovjf5yMnr9Q8VWvmJewC+CGMqyYM46poczQ4Akg=',
   '2024-03-01 08:00:00');

INSERT INTO categories (id, name, description, created_at) VALUES
  (1, 'Mountains', 'Ridges, lakes and the weather in between.', '2024-03-01 08:10:00'),
  (2, 'Wide & open', 'Deserts and meadows: sky, ground, and nothing in the way.', '2024-03-01 08:11:00'),
  (3, 'Nights', 'What is worth staying up for: noc, nuit, νύχτα, ночь.', '2024-03-01 08:12:00');

INSERT INTO images
  (id, category_id, user_id, title, description, alt, file_name, thumb_name, width, height, bytes, created_at) VALUES
  (1, 1, 1, 'Lake at dawn',
   'The wind had not woken up yet. For ten minutes the lake kept everything twice: the firs, the peaks, the one pink cloud.',
   'A still lake mirrors dark firs and blue peaks under a pink and lilac morning sky.',
   'lake-at-dawn.jpg', 'lake-at-dawn_thumb.jpg', 1200, 800, 105707, '2024-03-02 05:48:00'),
  (2, 2, 1, 'Dünen im Abendlicht',
   'One flank burns, the other is already night. Walk along the crest and you have a foot in each.',
   'Smooth orange sand dunes, one flank lit by a low sun and the other in shadow, below a blue sky.',
   'dunes.jpg', 'dunes_thumb.jpg', 1200, 800, 76219, '2024-03-05 17:20:00'),
  (3, 3, 1, 'City at the blue hour',
   'Nine thousand windows, and in each somebody deciding whether to go home. The river counts them again.',
   'Skyscrapers with lit windows stand against a violet sky with a full moon and are reflected in a river.',
   'city-at-night.jpg', 'city-at-night_thumb.jpg', 1200, 800, 123667, '2024-03-09 19:02:00'),
  (4, 1, 1, 'Nine ridges',
   'Counted from the last bend before the pass. The ninth may be a cloud – nobody has gone to look.',
   'Layer upon layer of hazy mountain ridges fade into a golden evening sky; dark firs stand in front.',
   'blue-ridges.jpg', 'blue-ridges_thumb.jpg', 1200, 800, 90062, '2024-03-14 18:11:00'),
  (5, 2, 1, 'Poppy meadow',
   'Coquelicots, cornflowers, daisies. Kneel down, and the meadow is taller than the hills. 🐮',
   'Red poppies with a few blue and white flowers, sharp in front and blurred towards green hills.',
   'poppies.jpg', 'poppies_thumb.jpg', 1200, 800, 116317, '2024-03-21 11:30:00'),
  (6, 3, 1, 'Norðurljós',
   'Northern lights over a black wood: green first, then violet at the hem, then so fast that nobody spoke.',
   'Green and violet curtains of northern light hang in a starry sky above a black line of firs.',
   'northern-lights.jpg', 'northern-lights_thumb.jpg', 1200, 800, 99061, '2024-03-28 23:40:00');

INSERT INTO tags (id, name, created_at) VALUES
  (1, 'dawn', '2024-03-02 06:00:00'),
  (2, 'water', '2024-03-02 06:00:00'),
  (3, 'firs', '2024-03-02 06:00:00'),
  (4, 'sand', '2024-03-05 18:00:00'),
  (5, 'evening', '2024-03-05 18:00:00'),
  (6, 'city', '2024-03-09 20:00:00'),
  (7, 'sky', '2024-03-14 19:00:00'),
  (8, 'flowers', '2024-03-21 12:00:00'),
  (9, 'été', '2024-03-21 12:00:00'),
  (10, 'звёзды', '2024-03-28 23:59:00');

INSERT INTO image_tags (image_id, tag_id, created_at) VALUES
  (1, 1, '2024-03-02 06:00:00'), (1, 2, '2024-03-02 06:00:00'), (1, 3, '2024-03-02 06:00:00'),
  (2, 4, '2024-03-05 18:00:00'), (2, 5, '2024-03-05 18:00:00'),
  (3, 2, '2024-03-09 20:00:00'), (3, 5, '2024-03-09 20:00:00'), (3, 6, '2024-03-09 20:00:00'),
  (4, 3, '2024-03-14 19:00:00'), (4, 5, '2024-03-14 19:00:00'), (4, 7, '2024-03-14 19:00:00'),
  (5, 8, '2024-03-21 12:00:00'), (5, 9, '2024-03-21 12:00:00'),
  (6, 3, '2024-03-28 23:59:00'), (6, 7, '2024-03-28 23:59:00'), (6, 10, '2024-03-28 23:59:00');
